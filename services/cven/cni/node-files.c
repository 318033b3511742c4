#include "node-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 512, MOST_LINES = 100000, MOST_RECORDED = 256 * 1024 };

bool file_path(char *out, const char *directory, const char *name) {
  int length = snprintf(out, PATH_SIZE, "%s/%s", directory, name);
  return length > 0 && length < PATH_SIZE;
}

/* The next line without its end. False at the end of the file and for a line that is none. */
static bool next_line(FILE *file, char *line) {
  if (fgets(line, LINE_SIZE, file) == NULL) return false;
  size_t length = strlen(line);
  if (length == 0 || line[length - 1] != '\n') return false;
  line[length - 1] = '\0';
  return true;
}

static const char *after(const char *line, const char *word) {
  size_t length = strlen(word);
  return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

static void take_away(const char *text, struct settings *settings) {
  const char *seconds = after(text, "wait");
  settings->away = seconds != NULL ? AWAY_WAIT : strcmp(text, "open") == 0 ? AWAY_OPEN : AWAY_CLOSED;
  if (seconds != NULL) settings->wait_seconds = atoi(seconds);
}

static void take_line(const char *line, const char *name_space, struct settings *settings) {
  const char *rest;
  if ((rest = after(line, "away")) != NULL) take_away(rest, settings);
  else if ((rest = after(line, "enforced")) != NULL && strcmp(rest, name_space) == 0) settings->care = CARE_ENFORCED;
  else if ((rest = after(line, "watched")) != NULL && strcmp(rest, name_space) == 0) settings->care = CARE_WATCHED;
}

/* Between its first line and its last; whatever else is in it is for a newer reader. */
static bool take_lines(FILE *file, const char *name_space, struct settings *settings) {
  char line[LINE_SIZE];
  if (!next_line(file, line) || strcmp(line, "ringfence birth 1") != 0) return false;
  for (int i = 0; i < MOST_LINES && next_line(file, line); i++) {
    if (strcmp(line, "end") == 0) return true;
    take_line(line, name_space, settings);
  }
  return false;
}

struct settings read_settings(const char *directory, const char *name_space) {
  const struct settings unreadable = {CARE_ENFORCED, AWAY_CLOSED, 0};
  struct settings settings = {CARE_UNMANAGED, AWAY_CLOSED, 0};
  char path[PATH_SIZE];
  if (!file_path(path, directory, "settings")) return unreadable;
  FILE *file = fopen(path, "re");
  if (file == NULL) return errno == ENOENT ? settings : unreadable;
  bool is_whole = take_lines(file, name_space, &settings);
  fclose(file);
  return is_whole ? settings : unreadable;
}

bool is_open(const char *directory, struct opening *opening) {
  char path[PATH_SIZE], line[LINE_SIZE];
  *opening = (struct opening){0};
  if (!file_path(path, directory, "open")) return false;
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  while (next_line(file, line)) {
    const char *rest;
    if ((rest = after(line, "at")) != NULL) opening->at = (time_t)strtoll(rest, NULL, 10);
    else if ((rest = after(line, "until")) != NULL) opening->until = (time_t)strtoll(rest, NULL, 10);
    else if ((rest = after(line, "by")) != NULL) snprintf(opening->by, sizeof opening->by, "%s", rest);
    else if ((rest = after(line, "reason")) != NULL)
      snprintf(opening->reason, sizeof opening->reason, "%s", rest);
  }
  fclose(file);
  time_t now = time(NULL);
  return opening->at <= now && now < opening->until && opening->until <= opening->at + LONGEST_OPENING_S;
}

bool write_opening(const char *directory, const struct opening *opening) {
  char path[PATH_SIZE], beside[PATH_SIZE];
  if (!file_path(path, directory, "open") || !file_path(beside, directory, "open.new")) return false;
  FILE *file = fopen(beside, "we");
  if (file == NULL) return false;
  fprintf(file, "at %lld\nuntil %lld\nby %s\nreason %s\n", (long long)opening->at, (long long)opening->until,
          opening->by, opening->reason);
  bool is_written = fflush(file) == 0 && fsync(fileno(file)) == 0;
  is_written = fclose(file) == 0 && is_written;
  return is_written && rename(beside, path) == 0;
}

bool remove_opening(const char *directory) {
  char path[PATH_SIZE];
  return file_path(path, directory, "open") && (unlink(path) == 0 || errno == ENOENT);
}

void record(const char *directory, const char *format, ...) {
  char path[PATH_SIZE], line[LINE_SIZE * 2];
  struct stat status;
  if (!file_path(path, directory, "opened.log")) return;
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  int length = snprintf(line, sizeof line, "%lld ", (long long)time(NULL));
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  line[length++] = '\n';
  /* One write: lines of two plugins never mix. Bounded: a file that nobody takes away does not fill the disk. */
  if (fstat(file, &status) == 0 && status.st_size < MOST_RECORDED && write(file, line, (size_t)length) < 0)
    perror("ringfence-cni");
  close(file);
}
