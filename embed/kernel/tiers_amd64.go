//go:build amd64 && !purego

package kernel

// archTiers are this architecture's own tiers, best last.
var archTiers = []*Tier{&avx2, &avxvnni, &avx512vnni}
