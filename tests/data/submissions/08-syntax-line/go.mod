module syntax

go 1.21
