// The load of analysis_load.c in Go's runtime/trace: the same tasks, regions and logs. SPDX-License-Identifier: Apache-2.0
//
//	load TRACE EVENTS
//
// Go has no attributes: a log takes the place. Of events the runtime adds its own.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime/trace"
	"strconv"
	"sync"
)

const (
	threads    = 16
	mailbox    = 256
	taskEvents = 17
)

var types = []string{"GET /", "GET /cart", "GET /item", "POST /cart", "checkout", "search", "login", "logout"}

func work(ctx context.Context, number int) {
	trace.Log(ctx, "user", strconv.Itoa(number%1000))
	handle := trace.StartRegion(ctx, "handle")
	trace.StartRegion(ctx, "parse").End()
	query := trace.StartRegion(ctx, "query")
	trace.StartRegion(ctx, "lock").End()
	trace.Logf(ctx, "query", "row %d of %d", number%100, 100)
	query.End()
	render := trace.StartRegion(ctx, "render")
	trace.StartRegion(ctx, "write").End()
	render.End()
	trace.Log(ctx, "done", "the page was sent")
	handle.End()
}

func serve(thread, tasks int, mailboxes []chan *trace.Task) {
	for number, done := 0, 0; done < tasks; number, done = number+1, done+1 {
		ctx, task := trace.NewTask(context.Background(), types[(number+thread)%len(types)])
		work(ctx, number)
		if number%10 == 0 {
			sub, subtask := trace.NewTask(ctx, "fetch")
			work(sub, number)
			subtask.End()
			done++
		}
		if number%3 != 0 {
			task.End()
		} else {
			select {
			case mailboxes[(thread+1)%threads] <- task:
			default:
				task.End()
			}
		}
		for came := true; came; {
			select {
			case task := <-mailboxes[thread]:
				task.End()
			default:
				came = false
			}
		}
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: load TRACE EVENTS")
		os.Exit(2)
	}
	events, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := trace.Start(file); err != nil {
		log.Fatal(err)
	}
	mailboxes := make([]chan *trace.Task, threads)
	for i := range mailboxes {
		mailboxes[i] = make(chan *trace.Task, mailbox)
	}
	var all sync.WaitGroup
	for i := 0; i < threads; i++ {
		all.Add(1)
		go func(thread int) {
			defer all.Done()
			serve(thread, events/taskEvents/threads, mailboxes)
		}(i)
	}
	all.Wait()
	trace.Stop()
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}
