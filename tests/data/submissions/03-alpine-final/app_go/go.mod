module go-info

go 1.21
