module ridesalong

go 1.21
