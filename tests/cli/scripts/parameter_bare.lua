params { width = 3 }
print(width)
return 3
