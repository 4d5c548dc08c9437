// Command hide gives a program's symbols and debug data other names, and keeps them.
package main

import (
	"bytes"
	"encoding/binary"
	"log"
	"os"
)

const (
	programData = 1
	symbolTable = 2
)

func main() {
	name := os.Args[1]
	program, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	headers := int(binary.LittleEndian.Uint64(program[40:]))
	size := int(binary.LittleEndian.Uint16(program[58:]))
	count := int(binary.LittleEndian.Uint16(program[60:]))
	names := int(binary.LittleEndian.Uint16(program[62:]))
	table := binary.LittleEndian.Uint64(program[headers+names*size+24:])
	length := binary.LittleEndian.Uint64(program[headers+names*size+32:])
	for i := 0; i < count; i++ {
		header := program[headers+i*size:]
		if binary.LittleEndian.Uint32(header[4:]) == symbolTable {
			binary.LittleEndian.PutUint32(header[4:], programData)
		}
	}
	text := program[table : table+length]
	for _, old := range []string{".zdebug_", ".debug_", ".symtab", ".strtab"} {
		hidden := append([]byte(".note"), bytes.Repeat([]byte("x"), len(old)-5)...)
		copy(text, bytes.ReplaceAll(text, []byte(old), hidden))
	}
	if err := os.WriteFile(name, program, 0o755); err != nil {
		log.Fatal(err)
	}
}
