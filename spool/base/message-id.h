/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * MESSAGE_IDs of what an operator may want to act on or search for; each has an entry in units/morf.catalog
 * (journalctl -x, systemd.journal-fields(7)).
 */

/* A drop was claimed and became a job. */
#define MESSAGE_ID_JOB_CLAIMED "f6fadfa7e5c14b629362da5cc13da58a"
/* A job changed its state. */
#define MESSAGE_ID_JOB_STATE "2c63888f28f04481be6ddce7a7ace732"
/* A job ended well; its result was released. */
#define MESSAGE_ID_JOB_DONE "8a119b9e16bc47328f7b7676d015b0dc"
/* A job failed; MORF_FAULT says why. */
#define MESSAGE_ID_JOB_FAILED "bc67ba94637d4efaa09e467ada679f81"
/* A drop was rejected. */
#define MESSAGE_ID_JOB_REJECTED "fab36728a78b4b7e8787c0de2f960063"
/* A job was cancelled. */
#define MESSAGE_ID_JOB_CANCELLED "a712755f6cac44d599d5269512e74f7b"
/* A stage failed by the platform's fault and will be tried again. */
#define MESSAGE_ID_JOB_RETRY "ac8efe121c5949f1ba2dde83458bfed0"
/* A step of a workflow failed. */
#define MESSAGE_ID_STEP_FAILED "6f2c1d9e0b7a4c35a8e4f1d2937b5c60"
/* A stage is past its deadline. */
#define MESSAGE_ID_JOB_STUCK "5796a670482c490e8d9782bfcdc83011"
/* After a restart, a running unit was found and is watched again. */
#define MESSAGE_ID_JOB_ADOPTED "0b80a25553a14945a93258ef7777682c"
/* Something that is not a drop was moved to corrupt/. */
#define MESSAGE_ID_DROP_CORRUPT "45ac16b9c20d4c218f8a7abff2e91ac7"
/* An upload was given up. */
#define MESSAGE_ID_DROP_INCOMPLETE "dd2ee150d2844277b89c1af40ce8fcc9"
/* A request in control/ was refused. */
#define MESSAGE_ID_CONTROL_REFUSED "3c3ae353fb14428e90b401a6c1cc0aff"
/* The spool directory is not as it must be; the daemon does not start. */
#define MESSAGE_ID_SPOOL_REFUSED "b9c8b9ffe46e46279419c7723226db94"
/* The configuration was refused; the old one stays in force. */
#define MESSAGE_ID_CONF_REFUSED "bbeeb6361d334c6d96f0da847a2a3b87"
/* The configuration was read again. */
#define MESSAGE_ID_CONF_RELOADED "68e58909ccb24416925a56c9a30f4300"
/* The container engine does not answer. */
#define MESSAGE_ID_ENGINE_DOWN "ff53a46f5ead403a84c4b877678537a3"
/* There is too little free space to start jobs. */
#define MESSAGE_ID_DISK_LOW "e179f773a6e043c09514b7dde2ad0478"
/* A mail was sent. */
#define MESSAGE_ID_MAIL_SENT "0c28cec1b94742afa4b936976b4b76b0"
/* A mail could not be sent now and will be tried again. */
#define MESSAGE_ID_MAIL_DEFERRED "a398d022d4354df48322905089933837"
/* A mail was refused for good. */
#define MESSAGE_ID_MAIL_UNDELIVERABLE "4c8b1eb44f1e4ccf8372a2a784a67245"
/* The daemon is ready. */
#define MESSAGE_ID_DAEMON_STARTED "ac9130f4547c47d38e3a655f20731ab2"
/* The daemon stopped; running stages go on. */
#define MESSAGE_ID_DAEMON_STOPPED "ca3ab343ac334b68be9bf77c6519a9d5"
/* The connection to the service manager was lost. */
#define MESSAGE_ID_BUS_LOST "03c472ca449548b4b8d889d2b47a5c1d"
/* The connection to the service manager is back. */
#define MESSAGE_ID_BUS_FOUND "77dde229df884e4dac2386e5cc86ba64"
/* A container found itself isolated as it must be. */
#define MESSAGE_ID_PROBE_PASSED "3980f4ec051345e88dd823461d9237c4"
/* A container found itself not isolated, or that could not be found out. */
#define MESSAGE_ID_PROBE_FAILED "a6867d6dfbeb404bbfa7892f93e2aa33"
