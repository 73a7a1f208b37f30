package main

import (
	"cmp"
	"debug/elf"
	"slices"
)

// symbols are the functions of a program, by address. There are none for one
// that is stripped, is moved when it is loaded or is no ELF file.
type symbols []elf.Symbol

func readSymbols(path string) symbols {
	f, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if f.Type != elf.ET_EXEC {
		return nil
	}
	all, err := f.Symbols()
	if err != nil {
		return nil
	}
	functions := slices.DeleteFunc(all, func(s elf.Symbol) bool { return elf.ST_TYPE(s.Info) != elf.STT_FUNC })
	slices.SortFunc(functions, func(a, b elf.Symbol) int { return cmp.Compare(a.Value, b.Value) })
	return functions
}

// name returns the function that has an address in it, or "?".
func (s symbols) name(address uint64) string {
	i, found := slices.BinarySearchFunc(s, address, func(s elf.Symbol, a uint64) int { return cmp.Compare(s.Value, a) })
	if !found {
		i--
	}
	if i < 0 || address >= s[i].Value+max(s[i].Size, 1) {
		return "?"
	}
	return s[i].Name
}

func (s symbols) address(name string) (uint64, bool) {
	for _, f := range s {
		if f.Name == name {
			return f.Value, true
		}
	}
	return 0, false
}
