//go:build arm64 && !purego

package peak

var loops = map[string]loop{
	"neon":    {neon, 8 * 16},
	"dotprod": {dotprod, 16 * 16},
}

func neon(n int)
func dotprod(n int)
