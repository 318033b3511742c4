#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "node-files.h"

enum { SLICE_MS = 50, ANSWER_SIZE = 1024 };

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Never blocks: a stopped agent's full backlog is an agent that is away. */
static int connect_agent(const char *directory) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char path[PATH_SIZE];
  if (!file_path(path, directory, "agent.sock") || strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (agent < 0) return -1;
  if (connect(agent, (struct sockaddr *)&address, sizeof address) == 0) return agent;
  int reason = errno;
  close(agent);
  errno = reason;
  return -1;
}

static bool send_line(int agent, const char *line) {
  size_t length = strlen(line);
  return send(agent, line, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Whoever called us has given up: an orphan would wait for nobody. */
static bool is_orphan(pid_t parent) { return getppid() != parent; }

/* One line; false when there is none before the deadline, or something else. */
static bool read_answer(int agent, pid_t parent, long long deadline, char *line, const char **failure) {
  size_t used = 0;
  *failure = "does not answer";
  while (now_ms() < deadline && !is_orphan(parent)) {
    struct pollfd ready = {.fd = agent, .events = POLLIN};
    if (poll(&ready, 1, SLICE_MS) <= 0) continue;
    ssize_t got = recv(agent, line + used, ANSWER_SIZE - 1 - used, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return *failure = "ended before it had answered", false;
    used += (size_t)got;
    line[used] = '\0';
    char *end = strchr(line, '\n');
    if (end != NULL) return *end = '\0', true;
    if (used == ANSWER_SIZE - 1) return *failure = "answered without an end", false;
  }
  return false;
}

static enum answer understand(const char *line, char *detail, size_t size) {
  if (strcmp(line, "go") == 0) return ANSWER_GO;
  if (strncmp(line, "no ", 3) != 0) return snprintf(detail, size, "answered something else"), ANSWER_AWAY;
  snprintf(detail, size, "%s", line + 3);
  return ANSWER_NO;
}

enum answer ask_agent(const char *directory, const char *request, struct patience patience, char *detail, size_t size) {
  long long start = now_ms();
  pid_t parent = getppid();
  int agent;
  while ((agent = connect_agent(directory)) < 0) {
    bool can_come = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN;
    if (!can_come || now_ms() >= start + patience.connect_ms || is_orphan(parent)) {
      snprintf(detail, size, "is not running (%s)", strerror(errno));
      return ANSWER_AWAY;
    }
    poll(NULL, 0, SLICE_MS);
  }
  char line[ANSWER_SIZE];
  const char *failure = "takes no question";
  bool is_answered = send_line(agent, request) && read_answer(agent, parent, start + patience.answer_ms, line, &failure);
  close(agent);
  if (is_answered) return understand(line, detail, size);
  snprintf(detail, size, "%s", failure);
  return ANSWER_AWAY;
}

void tell_agent(const char *directory, const char *request) {
  int agent = connect_agent(directory);
  if (agent < 0) return;
  (void)send_line(agent, request);
  close(agent);
}
