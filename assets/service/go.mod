module example.com/fromscratch/service

go 1.21
