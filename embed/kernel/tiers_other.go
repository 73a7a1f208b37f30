//go:build purego || !(amd64 || arm64)

package kernel

// archTiers are this architecture's own tiers: none.
var archTiers []*Tier
