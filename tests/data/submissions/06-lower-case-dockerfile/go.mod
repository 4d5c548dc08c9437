module lower

go 1.21
