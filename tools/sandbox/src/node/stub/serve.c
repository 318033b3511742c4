/*
 * Everything that is listened on. TCP answers an HTTP request with 200 and closes; anything else is echoed for as long as
 * the peer stays. UDP echoes. The number of peers is bounded: the one that has been there longest gives way.
 */
#define _GNU_SOURCE
#include "stub.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LISTENERS 128
#define MAX_PEERS 1024
#define TOLD_INTERVAL_MS 1000

struct peer { int fd; int is_echoing; };

static int listeners[MAX_LISTENERS];
static char listener_specs[MAX_LISTENERS][16];
static int listener_count = 0;
static struct peer peers[MAX_PEERS];
static int peer_slots_used = 0;
static int next_victim = 0;
static unsigned long served = 0;
static const char *told_path = NULL;
static int64_t told_due = 0;
static struct timespec told_at = {0, 0};

unsigned long served_count(void) { return served; }

static int is_listened_on(const char *spec) {
  for (int slot = 0; slot < listener_count; slot++)
    if (strcmp(listener_specs[slot], spec) == 0) return 1;
  return 0;
}

static void listen_on(const char *spec) {
  int is_udp = strncmp(spec, "udp:", 4) == 0;
  int port = atoi(spec + 4);
  if (listener_count == MAX_LISTENERS) { say("cannot listen on %s: too many ports", spec); return; }
  int fd = socket(AF_INET, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || (!is_udp && listen(fd, 256) < 0)) {
    say("cannot listen on %s: %s", spec, strerror(errno));
    close(fd);
    return;
  }
  listeners[listener_count] = fd;
  snprintf(listener_specs[listener_count], sizeof listener_specs[0], "%s", spec);
  watch(fd, is_udp ? OWNER_UDP_LISTENER : OWNER_TCP_LISTENER, listener_count++, EPOLLIN);
  say("listening on %s", spec);
}

/* What the file no longer names is kept: somebody may be talking there. */
static void read_told(void) {
  FILE *file = fopen(told_path, "r");
  char line[sizeof listener_specs[0]];
  if (file == NULL) return;
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] != '\0' && !is_listened_on(line)) listen_on(line);
  }
  fclose(file);
}

void listen_as_told(const char *path) { told_path = path; }

int64_t run_listening(int64_t now) {
  struct stat found;
  if (told_path == NULL) return -1;
  if (now < told_due) return told_due;
  told_due = now + TOLD_INTERVAL_MS;
  if (stat(told_path, &found) < 0 || memcmp(&found.st_mtim, &told_at, sizeof told_at) == 0) return told_due;
  told_at = found.st_mtim;
  read_told();
  return told_due;
}

static void drop_peer(int slot) {
  close(peers[slot].fd);
  peers[slot].fd = -1;
}

static int free_peer_slot(void) {
  for (int slot = 0; slot < peer_slots_used; slot++)
    if (peers[slot].fd < 0) return slot;
  if (peer_slots_used < MAX_PEERS) return peer_slots_used++;
  next_victim = (next_victim + 1) % MAX_PEERS;
  drop_peer(next_victim);
  return next_victim;
}

static void accept_peer(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  int slot = free_peer_slot();
  peers[slot] = (struct peer){fd, 0};
  watch(fd, OWNER_PEER, slot, EPOLLIN);
}

static void echo_datagram(int fd) {
  char buffer[2048];
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  ssize_t count = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &length);
  if (count < 0) return;
  served++;
  sendto(fd, buffer, (size_t)count, 0, (struct sockaddr *)&from, length);
}

void on_listener(enum owner owner, int slot, int fd) {
  if (slot >= listener_count || listeners[slot] != fd) return;
  if (owner == OWNER_UDP_LISTENER) echo_datagram(fd);
  else accept_peer(fd);
}

static int is_http(const char *request) {
  const char *line_end = strpbrk(request, "\r\n");
  const char *version = strstr(request, " HTTP/1.");
  return version != NULL && (line_end == NULL || version < line_end);
}

static void answer_http(int fd) {
  char body[300];
  char answer[600];
  int body_length = snprintf(body, sizeof body, "%s\n", pod_name);
  if (body_length > (int)sizeof body - 1) body_length = (int)sizeof body - 1;
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
                        body_length, body);
  send(fd, answer, (size_t)length, MSG_NOSIGNAL);
}

void on_peer(int slot, int fd) {
  char buffer[4096];
  if (slot >= peer_slots_used || peers[slot].fd != fd) return;
  ssize_t count = recv(fd, buffer, sizeof buffer - 1, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) { drop_peer(slot); return; }
  buffer[count] = '\0';
  if (!peers[slot].is_echoing) {
    served++;
    if (is_http(buffer)) {
      answer_http(fd);
      shutdown(fd, SHUT_WR);
      drop_peer(slot);
      return;
    }
    peers[slot].is_echoing = 1;
  }
  send(fd, buffer, (size_t)count, MSG_NOSIGNAL);
}
