//go:build amd64 && !purego

package peak

var loops = map[string]loop{
	"avx2":       {avx2, 8 * 32},
	"avxvnni":    {avxvnni, 12 * 32},
	"avx512vnni": {avx512vnni, 24 * 64},
}

func avx2(n int)
func avxvnni(n int)
func avx512vnni(n int)
