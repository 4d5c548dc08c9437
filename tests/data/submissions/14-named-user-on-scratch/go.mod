module named

go 1.21
