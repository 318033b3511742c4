/*
 * What the agent and the plugin leave for each other in one directory of the node's disk. All are small, of lines, and
 * replaced by a rename:
 *
 *   settings     by the agent: which namespaces it is responsible for, and what holds while it is away
 *   open         by an administrator (break-glass): until when and why
 *   opened.log   by the plugin: what was done and let through meanwhile; the agent takes it away and reports it
 */
#ifndef RINGFENCE_NODE_FILES_H
#define RINGFENCE_NODE_FILES_H

#include <stdbool.h>
#include <time.h>

#define DEFAULT_DIRECTORY "/var/lib/ringfence/birth"

enum { PATH_SIZE = 1024, REASON_SIZE = 256, LONGEST_OPENING_S = 24 * 3600 };

/* Unmanaged: nobody of ours has anything to say about its Pods. Watched: managed, and nothing is blocked there. */
enum care { CARE_UNMANAGED, CARE_WATCHED, CARE_ENFORCED };
enum away { AWAY_CLOSED, AWAY_OPEN, AWAY_WAIT };

struct settings {
  enum care care;
  enum away away;
  int wait_seconds;
};

struct opening {
  time_t at, until;
  char by[64];
  char reason[REASON_SIZE];
};

/* What the file says of one namespace. Without the file nothing was ever enforced here: unmanaged. A file that cannot be
   read or is cut off cannot say who is exempt: everything is held, and the agent decides. */
struct settings read_settings(const char *directory, const char *name_space);

/* By the clock as it is now: a machine that starts with the wrong time is not open by what ended long ago. */
bool is_open(const char *directory, struct opening *opening);
bool write_opening(const char *directory, const struct opening *opening);
bool remove_opening(const char *directory);
/* Never fails its caller: a full disk must not close what was opened. */
void record(const char *directory, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* False when it does not fit. */
bool file_path(char *out, const char *directory, const char *name);

#endif
