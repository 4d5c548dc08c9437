module example.com/devinfo

go 1.21
