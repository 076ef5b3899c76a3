package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

func main() {
	counts := map[string]int{}
	for _, word := range strings.Fields("the quick brown fox jumps over the lazy dog the end") {
		counts[word]++
	}
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	sort.Strings(words)
	var text strings.Builder
	for _, word := range words {
		fmt.Fprintf(&text, "%s %d %.3f\n", word, counts[word], float64(counts[word])/3)
	}
	if err := os.WriteFile("go.txt", []byte(text.String()), 0o644); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	read, err := os.ReadFile("go.txt")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	info, err := os.Stat("go.txt")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	done := make(chan int)
	go func() { done <- len(read) }()
	fmt.Printf("hello from Go, %q, %d bytes, stat says %d\n%s", os.Args[1:], <-done, info.Size(), read)
}
