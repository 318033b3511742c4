/*
 * The last plugin of the node's CNI chain. On ADD it asks Ringfence's agent and waits: the Pod's network is there, nothing runs
 * in it yet, so waiting loses nothing. "go" comes when the Pod's own rules, or rules that close it, are in its namespace.
 *
 *   namespace not ours (settings on the node's disk) → through, without asking
 *   agent says go → through;   agent says no → the sandbox fails and kubelet tries again
 *   agent away → as the settings say: closed, open, or open after waiting
 *
 * DEL, CHECK, GC and STATUS need nobody: whatever ends, ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "break-glass.h"
#include "json.h"
#include "node-files.h"

enum { INPUT_SIZE = 1024 * 1024, WORD_SIZE = 512, MOST_ADDRESSES = 16, REQUEST_SIZE = 16 * 1024 };
/* Codes of the CNI specification. */
enum { INCOMPATIBLE = 1, BAD_ENVIRONMENT = 4, UNREADABLE = 6, BAD_CONFIGURATION = 7, TRY_AGAIN = 11 };
/* CRI-O gives a plugin 60 s, and nobody cancels it for a Pod that is being deleted: the shorter, the better. */
enum { ANSWER_MS = 10000, SHORT_MS = 1000, LONGEST_WAIT_S = 50 };

static const char *const versions[] = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
enum { VERSIONS = sizeof versions / sizeof versions[0] };

static char input[INPUT_SIZE + 1];
static char cni_version[16] = "0.4.0";

static int fail(int code, const char *sentence) {
  printf("{\"cniVersion\":");
  json_print_string(stdout, cni_version);
  printf(",\"code\":%d,\"msg\":", code);
  json_print_string(stdout, sentence);
  puts("}");
  return 1;
}

static int tell_versions(void) {
  printf("{\"cniVersion\":");
  json_print_string(stdout, cni_version);
  printf(",\"supportedVersions\":[");
  for (int i = 0; i < VERSIONS; i++) printf("%s\"%s\"", i == 0 ? "" : ",", versions[i]);
  puts("]}");
  return 0;
}

/* An empty span when there is more than any configuration needs. */
static struct span read_input(void) {
  size_t used = 0;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, input + used, INPUT_SIZE - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return (struct span){input, got == 0 ? used : 0};
    used += (size_t)got;
    if (used == INPUT_SIZE) return (struct span){input, 0};
  }
}

static bool is_known_version(void) {
  for (int i = 0; i < VERSIONS; i++)
    if (strcmp(cni_version, versions[i]) == 0) return true;
  return false;
}

/* A value of CNI_ARGS ("IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;…"); empty when it is not there. False: it does not fit. */
static bool argument(const char *name, char out[WORD_SIZE]) {
  const char *rest = getenv("CNI_ARGS");
  size_t length = strlen(name);
  out[0] = '\0';
  while (rest != NULL && *rest != '\0') {
    size_t size = strcspn(rest, ";");
    if (size > length && strncmp(rest, name, length) == 0 && rest[length] == '=') {
      if (size - length > WORD_SIZE) return false;
      memcpy(out, rest + length + 1, size - length - 1);
      out[size - length - 1] = '\0';
    }
    rest += size + (rest[size] == ';');
  }
  return true;
}

struct pod {
  char name_space[WORD_SIZE], name[WORD_SIZE], uid[WORD_SIZE];
};

static void print_member(FILE *out, const char *name, const char *text) {
  fprintf(out, ",\"%s\":", name);
  json_print_string(out, text == NULL ? "" : text);
}

static void print_addresses(FILE *out, struct span previous) {
  struct span list, item, text;
  fputs(",\"addresses\":[", out);
  if (json_member(previous, "ips", &list)) {
    for (size_t i = 0; i < MOST_ADDRESSES && json_element(list, i, &item); i++) {
      char address[64];
      if (!json_member(item, "address", &text) || !json_string(text, address, sizeof address)) break;
      address[strcspn(address, "/")] = '\0';
      if (i > 0) fputc(',', out);
      json_print_string(out, address);
    }
  }
  fputs("]", out);
}

/* Empty when it does not fit: nothing that kubelet sends comes near. */
static void compose(char request[REQUEST_SIZE], const char *command, const struct pod *pod, struct span previous) {
  FILE *out = fmemopen(request, REQUEST_SIZE, "w");
  if (out == NULL) return;
  fprintf(out, "{\"command\":\"%s\"", command);
  print_member(out, "container", getenv("CNI_CONTAINERID"));
  print_member(out, "netns", getenv("CNI_NETNS"));
  print_member(out, "uid", pod->uid);
  print_member(out, "namespace", pod->name_space);
  print_member(out, "name", pod->name);
  print_addresses(out, previous);
  fputs("}\n", out);
  bool is_whole = fflush(out) == 0 && !ferror(out) && ftell(out) < REQUEST_SIZE;
  fclose(out);
  if (!is_whole) request[0] = '\0';
}

static struct patience patience_for(struct settings settings, bool is_opened) {
  int wait_ms = (settings.wait_seconds < LONGEST_WAIT_S ? settings.wait_seconds : LONGEST_WAIT_S) * 1000;
  if (is_opened || settings.care == CARE_WATCHED || settings.away == AWAY_OPEN)
    return (struct patience){0, SHORT_MS};
  if (settings.away == AWAY_WAIT) return (struct patience){wait_ms, wait_ms > SHORT_MS ? wait_ms : SHORT_MS};
  return (struct patience){0, ANSWER_MS};
}

static int refuse(enum answer answer, const char *name_space, const char *detail) {
  char sentence[4096], own[PATH_SIZE] = "ringfence-cni";
  if (readlink("/proc/self/exe", own, sizeof own - 1) < 0) strcpy(own, "ringfence-cni");
  if (answer == ANSWER_NO) snprintf(sentence, sizeof sentence, "network is not ready: Ringfence says %s", detail);
  else
    snprintf(sentence, sizeof sentence,
             "network is not ready: Ringfence's agent on this node %s, and without it new Pods of the enforced "
             "namespace \"%s\" stay closed. Start the agent, or on this node: %s open --for 1h --reason \"...\"",
             detail, name_space, own);
  return fail(TRY_AGAIN, sentence);
}

/* 0: the Pod may start. */
static int hold(const char *directory, const struct pod *pod, struct settings settings, struct span previous) {
  char detail[1024] = "", request[REQUEST_SIZE] = "";
  struct opening opening;
  bool is_opened = is_open(directory, &opening);
  compose(request, "add", pod, previous);
  if (request[0] == '\0') return fail(BAD_ENVIRONMENT, "the Pod's names are too long");
  enum answer answer = ask_agent(directory, request, patience_for(settings, is_opened), detail, sizeof detail);
  if (answer == ANSWER_GO) return 0;
  if (is_opened) {
    record(directory, "passed %.128s/%.256s while the agent %s", pod->name_space, pod->name, detail);
    return 0;
  }
  bool is_open_without = settings.care == CARE_WATCHED || settings.away != AWAY_CLOSED;
  if (answer == ANSWER_AWAY && is_open_without) {
    if (settings.care == CARE_ENFORCED)
      record(directory, "passed %.128s/%.256s, as set, while the agent %s", pod->name_space, pod->name, detail);
    return 0;
  }
  return refuse(answer, pod->name_space, detail);
}

static bool read_pod(struct pod *pod) {
  return argument("K8S_POD_NAMESPACE", pod->name_space) && argument("K8S_POD_NAME", pod->name) &&
         argument("K8S_POD_UID", pod->uid);
}

static void read_directory(struct span configuration, char directory[PATH_SIZE]) {
  struct span text;
  if (!json_member(configuration, "directory", &text) || !json_string(text, directory, PATH_SIZE))
    strcpy(directory, DEFAULT_DIRECTORY);
}

static int add(struct span configuration) {
  char directory[PATH_SIZE];
  struct pod pod;
  struct span previous;
  if (!is_known_version()) return fail(INCOMPATIBLE, "this version of the CNI is not known to ringfence-cni");
  if (!json_member(configuration, "prevResult", &previous) || previous.at[0] != '{')
    return fail(BAD_CONFIGURATION, "ringfence-cni only works behind another plugin in a list");
  if (!read_pod(&pod)) return fail(BAD_ENVIRONMENT, "CNI_ARGS has a value that is too long");
  read_directory(configuration, directory);
  /* A namespace without a Pod is no business of ours (a container of somebody else's). */
  struct settings settings = {CARE_UNMANAGED, AWAY_CLOSED, 0};
  if (pod.name_space[0] != '\0') settings = read_settings(directory, pod.name_space);
  if (settings.care != CARE_UNMANAGED) {
    int refused = hold(directory, &pod, settings, previous);
    if (refused != 0) return refused;
  }
  fwrite(previous.at, 1, previous.length, stdout);
  putchar('\n');
  return fflush(stdout) == 0 ? 0 : 1;
}

/* The agent lets go of what it may have been asked about; if it does not hear of it, the runtime tells it later. */
static int del(struct span configuration) {
  char directory[PATH_SIZE], request[REQUEST_SIZE] = "";
  struct pod pod;
  if (!read_pod(&pod)) return 0;
  read_directory(configuration, directory);
  compose(request, "del", &pod, (struct span){"{}", 2});
  if (request[0] != '\0') tell_agent(directory, request);
  return 0;
}

int main(int count, char **words) {
  const char *command = getenv("CNI_COMMAND");
  if (command == NULL) return break_glass(count, count > 1 ? words : (char *[]){words[0], ""});
  struct span configuration = read_input(), text;
  bool is_readable = configuration.length > 0 && json_is_valid(configuration);
  if (is_readable && json_member(configuration, "cniVersion", &text) &&
      !json_string(text, cni_version, sizeof cni_version))
    strcpy(cni_version, "?");
  if (strcmp(command, "VERSION") == 0) return tell_versions();
  if (strcmp(command, "DEL") == 0) return del(is_readable ? configuration : (struct span){"{}", 2});
  if (strcmp(command, "CHECK") == 0 || strcmp(command, "GC") == 0 || strcmp(command, "STATUS") == 0) return 0;
  if (strcmp(command, "ADD") != 0) return fail(BAD_ENVIRONMENT, "CNI_COMMAND is none that ringfence-cni knows");
  if (!is_readable) return fail(UNREADABLE, "the configuration on standard input is no JSON, or too long");
  return add(configuration);
}
