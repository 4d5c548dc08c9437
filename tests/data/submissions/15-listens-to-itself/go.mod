module inward

go 1.21
