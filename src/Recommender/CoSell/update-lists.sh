#!/usr/bin/env bash
# Makes public_suffixes.txt (the Public Suffix List of publicsuffix.org, MPL 2.0, as the npm package psl carries it) and
# countries.txt (ISO 3166-1, as Debian's package iso-codes carries it, LGPL 2.1) anew. Needs node, npm, dpkg and apt-get.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent psl@1.15.0 >/dev/null
tar xzf psl-*.tgz
node --input-type=module -e "import rules from '$work/package/data/rules.js'; console.log(rules.join('\n'))" >"$here/public_suffixes.txt"
apt-get download -qq iso-codes
dpkg -x iso-codes_*.deb codes
node -e "
  const list = JSON.parse(require('fs').readFileSync('codes/usr/share/iso-codes/json/iso_3166-1.json'))['3166-1'];
  for (const one of list.sort((a, b) => (a.alpha_2 < b.alpha_2 ? -1 : 1)))
    console.log([...new Set([one.alpha_2, one.alpha_3, one.common_name, one.name, one.official_name].filter(Boolean))].join('\t'));
" >"$here/countries.txt"
