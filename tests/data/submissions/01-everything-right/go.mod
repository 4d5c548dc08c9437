module info

go 1.21
