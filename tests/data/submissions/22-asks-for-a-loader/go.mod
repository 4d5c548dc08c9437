module pie

go 1.21
