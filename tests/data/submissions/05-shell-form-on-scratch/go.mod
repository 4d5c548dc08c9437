module shellform

go 1.21
