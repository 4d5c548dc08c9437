module toonew

go 1.25.1
