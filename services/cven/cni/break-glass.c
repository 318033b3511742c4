#include "break-glass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node-files.h"

static const char usage[] =
    "ringfence-cni is a CNI plugin; the container runtime calls it. By hand:\n"
    "  ringfence-cni open --for 1h --reason \"why\"   new Pods start without policy while Ringfence's agent is away\n"
    "  ringfence-cni close                          as before\n"
    "  ringfence-cni status\n"
    "  (--dir DIRECTORY where the agent was given another one than " DEFAULT_DIRECTORY ")\n";

static int complain(const char *sentence) {
  fprintf(stderr, "ringfence-cni: %s\n\n%s", sentence, usage);
  return 2;
}

static const char *option(int count, char **words, const char *name) {
  for (int i = 2; i + 1 < count; i++)
    if (strcmp(words[i], name) == 0) return words[i + 1];
  return NULL;
}

/* "90s", "30m", "1h"; 0 for anything else or longer than a day. */
static int seconds_of(const char *text) {
  char *unit;
  long number = strtol(text, &unit, 10);
  int factor = strcmp(unit, "s") == 0 ? 1 : strcmp(unit, "m") == 0 ? 60 : strcmp(unit, "h") == 0 ? 3600 : 0;
  if (factor == 0 || number < 1 || number > LONGEST_OPENING_S / factor) return 0;
  return (int)number * factor;
}

/* One line of it, however many were given. */
static void copy_line(char *out, size_t size, const char *text) {
  snprintf(out, size, "%s", text);
  for (; *out != '\0'; out++)
    if ((unsigned char)*out < 0x20 || *out == 0x7f) *out = ' ';
}

static int open_node(int count, char **words, const char *directory) {
  const char *duration = option(count, words, "--for"), *reason = option(count, words, "--reason");
  int seconds = duration == NULL ? 0 : seconds_of(duration);
  if (seconds == 0) return complain("open needs --for with a time of at most 24h, such as 90s, 30m or 1h");
  if (reason == NULL || *reason == '\0') return complain("open needs --reason: it is recorded");
  time_t now = time(NULL);
  struct opening opening = {.at = now, .until = now + seconds};
  const char *user = getenv("SUDO_USER");
  copy_line(opening.by, sizeof opening.by, user != NULL ? user : getuid() == 0 ? "root" : "somebody");
  copy_line(opening.reason, sizeof opening.reason, reason);
  if (!write_opening(directory, &opening)) {
    fprintf(stderr, "ringfence-cni: %s cannot be written: %s\n", directory, strerror(errno));
    return 1;
  }
  record(directory, "opened for %d s by %s: %s", seconds, opening.by, opening.reason);
  printf("open for %s: while the agent is away, new Pods start without policy; this is recorded\n", duration);
  return 0;
}

static int close_node(const char *directory) {
  if (!remove_opening(directory)) {
    fprintf(stderr, "ringfence-cni: %s cannot be written: %s\n", directory, strerror(errno));
    return 1;
  }
  record(directory, "closed");
  puts("closed: new Pods of enforced namespaces wait for the agent");
  return 0;
}

static int tell_status(const char *directory) {
  struct opening opening;
  if (!is_open(directory, &opening)) return puts("closed"), 0;
  long long left = (long long)(opening.until - time(NULL));
  printf("open for another %lld s, by %s: %s\n", left, opening.by, opening.reason);
  return 0;
}

int break_glass(int count, char **words) {
  const char *directory = option(count, words, "--dir");
  if (directory == NULL) directory = DEFAULT_DIRECTORY;
  if (strcmp(words[1], "open") == 0) return open_node(count, words, directory);
  if (strcmp(words[1], "close") == 0) return close_node(directory);
  if (strcmp(words[1], "status") == 0) return tell_status(directory);
  return complain("no such command");
}
