// Go's runtime/trace under the bench's own measure. SPDX-License-Identifier: Apache-2.0
//
// Each repetition is floor, item, floor, by the CPU time of the thread, as in hot.c; the floor is the same two
// instructions, in assembly. The trace goes to a file on disk. Rows are printed for cairn-bench --child.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/trace"
	"sort"
	"syscall"
	"unsafe"
)

const (
	repetitions = 61
	iterations  = 20000
	ringWords   = 2048
)

// Implemented in floor_amd64.s. n > 0; the pair's ring has ringWords words.
func floorPair(ring *uint64, n int)
func floorStamp(n int)

func threadCPU() float64 {
	const clockThreadCPUTime = 3
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPUTime, uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Sec)*1e9 + float64(now.Nsec)
}

func timed(run func(n int), n int) float64 {
	begin := threadCPU()
	run(n)
	return (threadCPU() - begin) / float64(n)
}

func median(values []float64) float64 {
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	return sorted[(len(sorted)-1)/2]
}

func measure(name string, floor, item func(n int)) {
	var items, floors, ratios []float64
	item(iterations)
	before := timed(floor, iterations)
	for i := 0; i < repetitions; i++ {
		it := timed(item, iterations)
		after := timed(floor, iterations)
		fl := (before + after) / 2
		items, floors, ratios = append(items, it), append(floors, fl), append(ratios, it/fl)
		before = after
	}
	sort.Float64s(ratios)
	fmt.Printf("row\ton, Go %s runtime/trace\t%s\tx\t%g\t%g\t%g\t%g\tnan\n", runtime.Version()[2:], name,
		median(items), median(floors), ratios[0], median(ratios))
}

func main() {
	runtime.LockOSThread()
	file, err := os.CreateTemp("", "bench-go-*.trace")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(file.Name())
	if err := trace.Start(file); err != nil {
		log.Fatal(err)
	}
	defer trace.Stop()

	ctx, task := trace.NewTask(context.Background(), "bench background")
	defer task.End()
	ring := make([]uint64, ringWords)
	pair := func(n int) { floorPair(&ring[0], n) }

	measure("region pair", pair, func(n int) {
		for i := 0; i < n; i++ {
			trace.StartRegion(ctx, "bench region").End()
		}
	})
	measure("task pair", pair, func(n int) {
		for i := 0; i < n; i++ {
			_, t := trace.NewTask(context.Background(), "bench task")
			t.End()
		}
	})
	measure("log, two integers", floorStamp, func(n int) {
		for i := 0; i < n; i++ {
			trace.Logf(ctx, "bench", "req %d took %d us", i, i>>3)
		}
	})
	measure("log, 20-byte string", floorStamp, func(n int) {
		for i := 0; i < n; i++ {
			trace.Log(ctx, "bench", "twenty bytes of text")
		}
	})
}
