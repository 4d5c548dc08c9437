module nodownload

go 1.21
