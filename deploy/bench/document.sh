#!/bin/bash
# document.sh: puts the latest results of make bench, bench-arm64, bench-peers
# and bench-peers-arm64 from build/bench into embed/PERFORMANCE.md. A part whose
# results are not there stays as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

# rows prints the benchmarks of make bench whose names match as a table, with
# these units under these headings. It fails where there are none.
rows() {
	awk -v pattern="$1" -v units="$2" -v heads="$3" '
		BEGIN {
			n = split(units, unit, "|"); split(heads, head, "|")
			line = "| benchmark |"; rule = "|---|"
			for (i = 1; i <= n; i++) { line = line " " head[i] " |"; rule = rule "---|" }
			print line; print rule
		}
		$1 ~ pattern {
			found = 1
			name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
			line = "| " name " |"
			for (i = 1; i <= n; i++) {
				value = ""
				for (f = 3; f < NF; f += 2) if ($(f + 1) == unit[i]) value = $f
				if (unit[i] == "ns/op" && value != "") value = sprintf("%.4g", value / 1e6)
				line = line " " value " |"
			}
			print line
		}
		END { exit !found }' build/bench/bench.txt
}

part() {
	case $1 in
	peers) cat build/bench/peers.md ;;
	peers-arm64) cat build/bench/peers-arm64.md ;;
	arm64) printf '```\n' && sed '1{/^$/d}' build/bench/arm64.txt && printf '```\n' ;;
	kernels) rows '^BenchmarkLite0/[^g]' 'MMAC|GMAC/s|%peak' 'million MAC|GMAC/s|% of peak' ;;
	network) rows '^BenchmarkNetwork/.*int8' 'ns/op|GMAC/s' 'ms|GMAC/s' ;;
	frames) rows '^Benchmark(Preprocess|YUYV)/' 'ns/op' 'ms' ;;
	store) rows '^Benchmark(Match|Classify|Add-|Open)' 'ns/op' 'ms' ;;
	start) rows '^BenchmarkColdStart/' 'clock-best-ms|clock-ms|load-best-ms|peak-MB' 'fastest ms|median ms|of which loading|MB' ;;
	*) echo "document.sh: no part $1" >&2 && return 1 ;;
	esac
}

file=embed/PERFORMANCE.md
new=$(mktemp)
trap 'rm -f "$new"' EXIT
while IFS= read -r line; do
	if [[ $line =~ ^'<!-- '([a-z0-9-]+)' -->'$ ]] && text=$(part "${BASH_REMATCH[1]}" 2>/dev/null); then
		printf '%s\n%s\n' "$line" "$text"
		while IFS= read -r line && [ "$line" != '<!-- end -->' ]; do :; done
	fi
	printf '%s\n' "$line"
done <$file >"$new"
cat "$new" >$file
