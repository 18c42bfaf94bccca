// Answers "ZONE<tab>UNIX SECONDS<tab>EXPRESSION" lines with the next start in UNIX seconds, as the CronJob controller
// finds it: by github.com/robfig/cron/v3.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), "\t", 3)
		seconds, _ := strconv.ParseInt(parts[1], 10, 64)
		schedule, err := cron.ParseStandard("TZ=" + parts[0] + " " + parts[2])
		if err != nil {
			fmt.Println("wrong")
			continue
		}
		fmt.Println(schedule.Next(time.Unix(seconds, 0)).Unix())
	}
}
