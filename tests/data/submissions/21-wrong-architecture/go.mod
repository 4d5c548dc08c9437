module armed

go 1.21
