module mounted

go 1.21
