module deep

go 1.21
