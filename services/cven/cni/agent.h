/* One question to the node's agent. */
#ifndef RINGFENCE_AGENT_H
#define RINGFENCE_AGENT_H

#include <stdbool.h>
#include <stddef.h>

enum answer { ANSWER_GO, ANSWER_NO, ANSWER_AWAY };

struct patience {
  /* For a socket that is not there or that nobody listens at: tried again so long. */
  int connect_ms;
  /* From the start to the answer. */
  int answer_ms;
};

/* `request` is one line with its end; `detail` gets the agent's sentence, or why there is no answer. */
enum answer ask_agent(const char *directory, const char *request, struct patience patience, char *detail, size_t size);

/* Said and not waited for: neither a stopped nor a missing agent can hold the caller. */
void tell_agent(const char *directory, const char *request);

#endif
