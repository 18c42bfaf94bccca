// What the executor asks of Linux: the module as the proxy serves it has this for Darwin and Windows only.
package osspecific

import (
	"os"
	"syscall"

	"github.com/argoproj/argo-workflows/v3/util/errors"
)

var Term = syscall.SIGTERM

// CanIgnoreSignal names what the Go runtime and dead children send by themselves.
func CanIgnoreSignal(signal os.Signal) bool {
	return signal == syscall.SIGURG || signal == syscall.SIGCHLD
}

// Kill reaches the whole group of the process where it has one.
func Kill(pid int, signal syscall.Signal) error {
	if group, err := syscall.Getpgid(pid); err == nil {
		pid = -group
	}
	return syscall.Kill(pid, signal)
}

func Setpgid(attributes *syscall.SysProcAttr) {
	attributes.Setpgid = true
}

// Wait ends when the process does, and takes up every other child that ends before: as the container's first process
// the executor inherits them.
func Wait(process *os.Process) error {
	pid := process.Pid
	if err := process.Release(); err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		switch ended, err := syscall.Wait4(-1, &status, 0, nil); {
		case err == syscall.EINTR || (err == nil && ended != pid):
			continue
		case err != nil:
			return err
		case status.Signaled():
			return errors.NewExitErr(128 + int(status.Signal()))
		default:
			return errors.NewExitErr(status.ExitStatus())
		}
	}
}
