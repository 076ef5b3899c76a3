from p1bridge import main

main()
