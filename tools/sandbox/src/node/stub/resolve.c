/*
 * Names to IPv4 addresses by the name server of /etc/resolv.conf, with its search list and ndots, without ever blocking.
 * One socket per question: with a fixed source port a replaced name server would be missed for as long as the kernel
 * remembers the old translation. libc's resolver is not used: it blocks, and a static program cannot load its plugins.
 */
#define _GNU_SOURCE
#include "stub.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SEARCHES 8
#define MAX_NAME 255

static struct sockaddr_in server = {.sin_family = AF_INET};
static char searches[MAX_SEARCHES][MAX_NAME + 1];
static int search_count = 0;
static int ndots = 1;

void read_resolver_config(void) {
  FILE *file = fopen("/etc/resolv.conf", "r");
  if (file == NULL) return;
  char line[2048];
  while (fgets(line, sizeof line, file) != NULL) {
    char *word = strtok(line, " \t\r\n");
    if (word == NULL) continue;
    if (strcmp(word, "nameserver") == 0 && server.sin_port == 0) {
      char *address = strtok(NULL, " \t\r\n");
      if (address != NULL && inet_pton(AF_INET, address, &server.sin_addr) == 1) server.sin_port = htons(53);
    } else if (strcmp(word, "search") == 0) {
      for (char *name; (name = strtok(NULL, " \t\r\n")) != NULL && search_count < MAX_SEARCHES;)
        snprintf(searches[search_count++], MAX_NAME + 1, "%s", name);
    } else if (strcmp(word, "options") == 0) {
      for (char *option; (option = strtok(NULL, " \t\r\n")) != NULL;)
        if (strncmp(option, "ndots:", 6) == 0) ndots = atoi(option + 6);
    }
  }
  fclose(file);
}

/* As libc does: few dots, first the search list; enough dots, first as it is; a final dot, only as it is. */
static int full_name(const char *host, int candidate, char *name) {
  size_t length = strlen(host);
  int dots = 0;
  for (const char *at = host; *at != '\0'; at++) dots += *at == '.';
  int is_absolute = length > 0 && host[length - 1] == '.';
  int bare_at = is_absolute || dots >= ndots ? 0 : search_count;
  if (candidate > (is_absolute ? 0 : search_count)) return -1;
  if (candidate == bare_at) return snprintf(name, MAX_NAME + 1, "%s", host) <= MAX_NAME ? 0 : -1;
  const char *search = searches[bare_at == 0 ? candidate - 1 : candidate];
  return snprintf(name, MAX_NAME + 1, "%s.%s", host, search) <= MAX_NAME ? 0 : -1;
}

static int encode_question(unsigned char *packet, const char *name) {
  static const unsigned char header[12] = {0, 0, 1, 0, 0, 1};
  memcpy(packet, header, 12);
  long id = random();
  packet[0] = (unsigned char)(id >> 8);
  packet[1] = (unsigned char)id;
  int at = 12;
  while (*name != '\0') {
    size_t length = strcspn(name, ".");
    if (length == 0 || length > 63) return -1;
    packet[at++] = (unsigned char)length;
    memcpy(packet + at, name, length);
    at += (int)length;
    name += length + (name[length] == '.');
  }
  static const unsigned char tail[5] = {0, 0, 1, 0, 1};
  memcpy(packet + at, tail, 5);
  return at + 5;
}

int ask(const char *host, int candidate) {
  char name[MAX_NAME + 1];
  unsigned char packet[MAX_NAME + 32];
  if (server.sin_port == 0 || full_name(host, candidate, name) < 0) return -1;
  int length = encode_question(packet, name);
  if (length < 0) return -1;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0) send(fd, packet, (size_t)length, 0);
  return fd;
}

static int skip_name(const unsigned char *packet, int at, int end) {
  while (at < end && packet[at] != 0) {
    if ((packet[at] & 0xc0) == 0xc0) return at + 2;
    at += packet[at] + 1;
  }
  return at + 1;
}

enum answer read_answer(int fd, struct in_addr *address) {
  unsigned char packet[1500];
  ssize_t end = recv(fd, packet, sizeof packet, 0);
  if (end < 12) return ANSWER_NONE;
  int code = packet[3] & 15;
  if (code == 3) return ANSWER_NEXT;
  if (code != 0) return ANSWER_NONE;
  int questions = packet[4] << 8 | packet[5];
  int answers = packet[6] << 8 | packet[7];
  int at = 12;
  while (questions-- > 0) at = skip_name(packet, at, (int)end) + 4;
  int found = 0;
  while (answers-- > 0) {
    at = skip_name(packet, at, (int)end);
    if (at + 10 > end) break;
    int type = packet[at] << 8 | packet[at + 1];
    int length = packet[at + 8] << 8 | packet[at + 9];
    at += 10;
    if (at + length > end) break;
    /* Any of several addresses with the same chance, so that a headless Service is spread. */
    if (type == 1 && length == 4 && random() % ++found == 0) memcpy(address, packet + at, 4);
    at += length;
  }
  return found > 0 ? ANSWER_ADDRESS : ANSWER_NEXT;
}
