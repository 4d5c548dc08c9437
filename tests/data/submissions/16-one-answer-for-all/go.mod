module catchall

go 1.21
