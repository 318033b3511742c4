/** iptables' text of a change: there is none yet, and this is why. Nothing here is half-built. */
export const iptables = {
  notAvailable:
    'iptables is not available: nobody has written its text of a policy, and a table that is only almost right is worse than none',
} as const;
