#!/bin/sh
# Installs what the live and browser tests talk to: nginx, Apache with PHP, Chromium, the servers of the zoo; and a C compiler. Without root or apt it says so and
# succeeds; the tests that need these programs then skip with a reason (in CI they fail instead).
set -eu
wanted="nginx-light apache2 libapache2-mod-php chromium iproute2 tcpdump gcc libc6-dev python3-dev"
wanted="$wanted php-cli lighttpd caddy haproxy varnish tomcat10-common tomcat10-admin libjetty9-java gunicorn"
wanted="$wanted python3-uvicorn"
# A runtime that is there already, from wherever it came, is good enough.
command -v java >/dev/null || wanted="$wanted default-jre-headless"
command -v node >/dev/null || wanted="$wanted nodejs"
missing=""
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed:$missing (needs root and apt); tests that need them will skip" >&2
    exit 0
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# A service that starts itself would take port 80 of this machine; the tests start their own on free ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
denied=0
"$policy" apache2 start >/dev/null 2>&1 || denied=$?
if [ "$denied" != 101 ]; then
    echo "not installed:$missing ($policy lets services start by themselves); tests that need them will skip" >&2
    exit 0
fi
# shellcheck disable=SC2086
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null; }; then
    echo "not installed:$missing (apt could not fetch them); tests that need them will skip" >&2
fi
