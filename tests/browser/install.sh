#!/bin/sh
# Chromium of the system and a font for Chinese, where they are missing: what the tests in a browser need.
set -eu
command -v chromium >/dev/null && exit 0
root="env"
[ "$(id -u)" = 0 ] || root="sudo -n"
said=$(mktemp)
trap 'rm -f "$said"' EXIT
install() {
	$root DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk >"$said" 2>&1
}
echo "Installing Chromium (about a minute) ..."
install || { $root apt-get -qq update >"$said" 2>&1 && install; } || {
	tail -n 3 "$said" >&2
	echo "The tests need Chromium and could not install it. Install chromium and fonts-noto-cjk, then run this again." >&2
	exit 1
}
