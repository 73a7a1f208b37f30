// Package gpiotest holds a button to press and a lamp to look at, without
// hardware. Both are pins as package gpio uses them and are meant for
// testing/synctest: their time is whatever time.Now says.
package gpiotest
