module example.com/hide

go 1.21
