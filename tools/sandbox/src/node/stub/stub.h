/*
 * The program that stands in for every container of the sandbox: one process, one thread, one epoll set.
 * main.c owns the loop, the clock and the arguments; serve.c what is listened on; call.c what is called; resolve.c names.
 */
#ifndef STUB_H
#define STUB_H

#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* The kernel packs this structure on x86-64; glibc says so by an attribute that it withholds from compilers other than gcc. */
#ifdef __x86_64__
#pragma pack(push, 1)
#include <sys/epoll.h>
#pragma pack(pop)
#else
#include <sys/epoll.h>
#endif

enum owner { OWNER_TCP_LISTENER, OWNER_UDP_LISTENER, OWNER_PEER, OWNER_CALL };

/* main.c */
extern const char *pod_name;
int64_t now_ms(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An event carries owner, slot and descriptor: an event of a descriptor closed earlier in the same batch is told apart. */
int watch(int fd, enum owner owner, int slot, uint32_t events);
int rewatch(int fd, enum owner owner, int slot, uint32_t events);

/* serve.c */
/* A file of specs, one a line: they are listened on, and again what is new whenever the file has changed. */
void listen_as_told(const char *path);
/* Does what is due and returns when to be called again, or -1 for never. */
int64_t run_listening(int64_t now);
void on_listener(enum owner owner, int slot, int fd);
void on_peer(int slot, int fd);
unsigned long served_count(void);

/* resolve.c */
enum answer { ANSWER_ADDRESS, ANSWER_NONE, ANSWER_NEXT };
void read_resolver_config(void);
/* Opens a socket and sends the question for the candidate-th full name of a host; -1: there is no such candidate. */
int ask(const char *host, int candidate);
/* Reads the answer: an address, nothing by this full name (try the next), or no answer that can be used. */
enum answer read_answer(int fd, struct in_addr *address);

/* call.c */
struct call_options { int keeps_open; int runs_once; };
void call_target(const char *spec, struct call_options options);
void on_call(int slot, int fd, uint32_t events);
/* Does what is due and returns when to be called again, or -1 for never. */
int64_t run_calls(int64_t now);
/* With runs_once: every target has had its try. */
int all_calls_tried(void);
void say_summary(void);

#endif
