module crossbuilt

go 1.21
