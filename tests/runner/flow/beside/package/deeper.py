import ftplib

CLIENT = ftplib
