#!/bin/sh
# busybox's nc with what people expect of one besides: -z only tries the connection, -v says what became of it.
try= verbose= wait= own=
while getopts zvnw:lp:i: option 2>/dev/null; do
  case $option in
    z) try=yes ;;
    v) verbose=yes ;;
    n) ;;
    w) wait=$OPTARG ;;
    l) own="$own -l" ;;
    p | i) own="$own -$option $OPTARG" ;;
    *) exec busybox nc "$@" ;;
  esac
done
shift $((OPTIND - 1))
[ -n "$try" ] || exec busybox nc $own ${wait:+-w "$wait"} "$@"
said=$(busybox nc -w "${wait:-5}" "$@" -e true 2>&1 </dev/null)
code=$?
if [ -n "$verbose" ]; then
  if [ $code = 0 ]; then said="nc: open"; fi
  echo "nc: $1 $2: ${said#nc: }" >&2
fi
exit $code
