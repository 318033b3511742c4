/* The administrator's way out when the agent is away: open the node for a while, close it again, see which it is. */
#ifndef RINGFENCE_BREAK_GLASS_H
#define RINGFENCE_BREAK_GLASS_H

int break_glass(int count, char **words);

#endif
