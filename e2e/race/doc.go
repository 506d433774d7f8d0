// Package race lets purges overtake fetches. The origin holds its answers until
// the test lets go, so every interleaving is exact, not a matter of luck.
package race
