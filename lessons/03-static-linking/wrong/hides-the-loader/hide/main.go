// Command hide takes the loader's name out of a program's headers.
package main

import (
	"encoding/binary"
	"log"
	"os"
)

const programInterpreter = 3

func main() {
	name := os.Args[1]
	program, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	headers := int(binary.LittleEndian.Uint64(program[32:]))
	size := int(binary.LittleEndian.Uint16(program[54:]))
	count := int(binary.LittleEndian.Uint16(program[56:]))
	for i := 0; i < count; i++ {
		header := program[headers+i*size:]
		if binary.LittleEndian.Uint32(header) == programInterpreter {
			binary.LittleEndian.PutUint32(header, 0)
		}
	}
	if err := os.WriteFile(name, program, 0o755); err != nil {
		log.Fatal(err)
	}
}
